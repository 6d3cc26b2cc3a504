"""What the two sides of a GAN minimise; pure functions of the discriminator's logits, (batch,).

hinge           Miyato et al. 2018, https://arxiv.org/abs/1802.05957
non-saturating  Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661
"""

from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(objective: str, real: Tensor, fake: Tensor) -> Tensor:
    """mean max(0, 1 - real) + mean max(0, 1 + fake), or minus the mean log-likelihoods."""
    if objective == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(objective: str, fake: Tensor) -> Tensor:
    """-mean fake, or -mean log sigmoid(fake)."""
    return -fake.mean() if objective == "hinge" else F.softplus(-fake).mean()
