"""Data sets of images on disk: a slice at a time in, a slice at a time out.

``.npy``, ``.npz``, IDX (the format of MNIST) with or without gzip, and folders of PNG files.
What is read is known by its first bytes, what is written by the ending of its name.
"""

from fast.datasets.atomic import atomic_file, atomic_folder, check_output
from fast.datasets.reading import Images, open_images
from fast.datasets.writing import write_images

__all__ = [
    "Images",
    "atomic_file",
    "atomic_folder",
    "check_output",
    "open_images",
    "write_images",
]
