"""elbowroom: the room between the ELBO and the evidence.

The public names are listed in `__init__.pyi` and imported when first used, so that the parts that
need no array library stay quick to start.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
