"""Words that pages show and the source only has by themselves: metrics, states, numbers."""

SPLITS = ("train {metric}", "validation {metric}", "test {metric}")
METRICS = (
    "accuracy", "accuracy of {head}", "accuracy all heads", "accuracy one view", "robust accuracy",
    "token accuracy", "judge accuracy", "loss", "loss of {head}", "discriminator loss",
    "generator loss", "perplexity", "error", "absolute error", "input error", "reconstruction",
    "active", "Fréchet distance", "coverage {level}", "exact", "tokens", "classes", "confident",
    "confident real", "as asked", "random walk", "MASE random walk",
    "MASE over random walk", "difference of logits", "zoo", "learning rate", "gradient norm",
    "epoch", "step", "probability",
)  # fmt: skip
STATES = ("queued", "running", "finished", "failed", "cancelled", "interrupted", "waiting", "done")
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
WORDS = (*SPLITS, *METRICS, *STATES, *NUMBERS)
