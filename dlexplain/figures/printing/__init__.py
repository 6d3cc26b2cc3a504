"""plotly's figures drawn with matplotlib, for print. Nothing is imported until one is printed."""
