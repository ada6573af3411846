"""The floor of reading files: every document of a folder through the C loader, judged by nobody."""

import os
import sys

import yaml


def main(folder: str) -> None:
    for entry in os.scandir(folder):
        with open(entry.path, "rb") as stream:
            list(yaml.load_all(stream.read().decode(), yaml.CSafeLoader))


if __name__ == "__main__":
    main(sys.argv[1])
