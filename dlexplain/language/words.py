"""Words that pages show and the source only has by themselves: metrics, states, numbers."""

SPLITS = ("train {metric}", "validation {metric}", "test {metric}")
METRICS = (
    "accuracy", "accuracy of {head}", "accuracy all heads", "accuracy one view", "robust accuracy",
    "token accuracy", "judge accuracy", "loss", "loss of {head}", "discriminator loss",
    "generator loss", "perplexity", "error", "absolute error", "input error", "reconstruction",
    "active", "Fréchet distance", "coverage {level}", "exact", "tokens", "classes", "confident",
    "confident real", "as asked", "random walk", "MASE random walk",
    "MASE over random walk", "difference of logits", "zoo", "index", "percent", "validation",
    "learning rate", "gradient norm", "epoch", "step", "probability",
)  # fmt: skip
STATES = (
    "queued", "running", "finished", "failed", "cancelled", "interrupted", "waiting", "done",
    "pruned", "saved",
)  # fmt: skip
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
UNITS = ("logits", "nats", "bits", "patches", "places", "score²", "activation")
"""Of maps, metrics and facts about heads."""
AXES = ("size", "membership AUC", "model")
"""And what lines are called."""
COUNTED = (
    "{count} evaluation", "{count} evaluations", "{count} layers", "{count} heads",
    "{number} thousand", "{number} million", "tokens", "cores", "core", "threads", "thread",
    "files",
)  # fmt: skip
HEADS = ("digit", "even", "larger than four", "form", "colour", "texture", "count", "token")
PERIODS = ("years", "quarters", "months", "weeks", "days", "hours")
VERDICTS = ("right", "wrong")
LOOKS = ("broadly", "previous", "next", "itself", "first", "marks")
"""Where heads of attention look."""
ROWS = ("rollout", "attention", "the samples")
"""Of what is compared, and where pictures are from."""
FAMILIES = ("noise", "blur", "weather", "digital")
TITLES = (
    "Brightness", "Contrast", "Elastic", "Fog", "Frost", "Pixelate", "Snow", "Typos",
    "Completeness", "Comprehensiveness", "Deletion", "Infidelity", "Insertion", "Linearity",
    "Max-sensitivity", "Sparseness", "Sufficiency", "Top-k intersection", "Under JPEG",
)  # fmt: skip
"""Of corruptions and of metrics of explanations."""
WORDS = (
    *SPLITS, *METRICS, *STATES, *NUMBERS, *UNITS, *AXES, *COUNTED, *HEADS, *PERIODS, *VERDICTS,
    *LOOKS, *ROWS, *FAMILIES, *TITLES,
)  # fmt: skip
