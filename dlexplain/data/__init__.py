"""Where pictures and series come from: files, samples, and data sets, one file each.

The data sets are in dlexplain.data.sets; importing that package registers them.
"""
