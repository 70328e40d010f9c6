"""Small files of every type that is taken, and hostile ones."""

from __future__ import annotations

import base64
import zlib

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 20 + b"\xff\xd9"
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

TAKEN: dict[str, bytes] = {
    "screen.png": PNG,
    "photo.jpg": JPEG,
    "photo.JPEG": JPEG,
    "spin.gif": GIF,
    "shot.webp": WEBP,
    "report.pdf": PDF,
    "rules.json": b'\n {"groups": []}',
    "list.json": b"[1, 2]",
    "table.csv": "alert,fired\nÜberlast,3\n".encode(),
    "notes.txt": b"\xef\xbb\xbfWith a byte order mark",
    "app.log": b"\x1b[31mERROR\x1b[0m\tupstream sent <html>\r\n",
    "README.md": b"<!-- lint off -->\n<p align=center>Hello</p>\n\n# Title",
    "rules.yaml": b"groups: []\n",
    "rules.yml": b"---\ngroups: []\n",
}

REFUSED: dict[str, bytes] = {
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "page.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "feed.xml": b"<?xml version='1.0'?><feed/>",
    "html.pdf": b"<!doctype html><script>alert(1)</script>",
    "html.png": b"<html><body>hello</body></html>",
    "html.txt": b"<!DOCTYPE HTML><title>x</title>",
    "spaced.txt": b"\xef\xbb\xbf\n\n   \t<hTmL\n><body>",
    "late.txt": b"Dear reader,\n\n  <script>alert(1)</script>",
    "script.md": b"# Title\n<script src=//evil.example></script>",
    "comment.txt": b"<!-- --><b>hi</b>",
    "svg.txt": b"<svg onload=alert(1)>",
    "xxe.txt": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
    "html.json": b"<script>alert(1)</script>",
    "text.json": b"hello",
    "html.csv": b"<table><tr><td>1</td></tr></table>",
    "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "png.jpg": PNG,
    "jpeg.pdf": JPEG,
    "pdf.png": PDF,
    "pdf.txt": PDF,
    "png.txt": PNG,
    "late.pdf": b"GARBAGE" * 20 + PDF,
    "program.txt": b"MZ\x90\x00\x03",
    "program.exe": b"MZ\x90\x00\x03",
    "elf.log": b"\x7fELF\x02\x01\x01",
    "macro.docm": b"PK\x03\x04rest",
    "archive.zip": b"PK\x03\x04rest",
    "zip.pdf": b"PK\x03\x04rest",
    "zip.txt": b"PK\x03\x04rest",
    "bomb.gz": b"\x1f\x8b\x08" + zlib.compress(b"\x00" * 1000),
    "gz.txt": b"\x1f\x8b\x08" + zlib.compress(b"\x00" * 1000),
    "nul.txt": b"hello\x00world",
    "late-nul.log": b"a\n" * 400_000 + b"\x00",
    "latin.txt": "Größe".encode("latin-1"),
    "late-latin.csv": b"a,b\n" * 100_000 + "Größe".encode("latin-1"),
    "cut.txt": "Größe".encode()[:3],
    "wide.txt": "hello".encode("utf-16"),
    "noname": b"hello",
    ".txt": b"hello",
    "photo.png.exe": PNG,
    "photo.png.html": PNG,
    "run.sh": b"#!/bin/sh\n",
    "code.js": b"alert(1)",
    "x.pdf\x00.html": PDF,
    "photo.\u202egnp.exe": b"MZ\x90\x00",
}
