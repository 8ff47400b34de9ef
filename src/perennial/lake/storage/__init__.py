"""Where the lake's files are: a folder of this machine, or a bucket of an object store with a folder as its cache.

A file never changes once it is named, and what is live is said by the manifest alone, which is replaced in one step:
by a rename under a lock in a folder, by a conditional PUT in a bucket. So a bucket keeps the same promise, and its
files, once they are here, are read as those of a folder.
"""
