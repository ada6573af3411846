"""The floor of asking libvirt: list the domains and read the XML of each, judged by nobody."""

import sys

import libvirt


def main(uri: str) -> None:
    connection = libvirt.openReadOnly(uri)
    for domain in connection.listAllDomains(0):
        domain.XMLDesc(0)


if __name__ == "__main__":
    main(sys.argv[1])
