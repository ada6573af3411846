"""Reads and measures what a comparison needs beside what an audit knows."""
