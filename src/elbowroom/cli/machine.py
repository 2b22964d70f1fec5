"""Which machine computes: the device and the number of threads, fixed before the array library is loaded."""

import os
import sys

from elbowroom.errors import InputError

_THREAD_VARIABLES = ("PJRT_NPROC", "NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PLATFORMS = {"cpu": "cpu", "gpu": "cuda,rocm"}


def prepare_machine(device: str | None, threads: int | None) -> None:
    """Let JAX compute on `device` (`cpu`, `gpu`, or whatever is best where None) with `threads` threads on the CPU.

    The number of threads is read when JAX starts; where it runs already, in a notebook or a test, it keeps its own.

    **Raises.** `InputError` if `threads` is below 1, or there is no such device.
    """
    if threads is not None:
        if threads < 1:
            raise InputError(f"--threads is {threads}, and has to be at least 1.")
        if "jax" not in sys.modules:
            os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    if device is None:
        return
    import jax

    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    try:
        found = jax.devices(device)
    except RuntimeError as error:
        raise InputError(
            f"--device {device}: JAX finds no such device here ({str(error).splitlines()[0]}). Leave --device out, or "
            f"install the JAX "
            "that supports it, for example `pip install 'jax[cuda12]'`."
        ) from None
    jax.config.update("jax_default_device", found[0])
