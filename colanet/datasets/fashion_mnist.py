"""Fashion-MNIST: clothes, in files that are called as those of MNIST."""

from __future__ import annotations

from colanet.datasets.mnist import FILES
from colanet.datasets.stored import Stored

_PLACE = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"

FASHION = Stored(
    name="fashion-mnist",
    classes=(
        "T-shirt",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    files=FILES,
    citation="H. Xiao, K. Rasul, R. Vollgraf, arXiv 1708.07747",
    licence="MIT (Zalando SE)",
    urls=tuple(f"{_PLACE}{file}.gz" for file in FILES),
    hashes=(
        "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)
