"""The editor's forms: what a part is made of, drawn as controls and read back. Pure.

The names of controls are the paths of the schema (`spec.columns[0].label`), so that a complaint finds its
field.
"""
