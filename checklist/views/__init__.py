"""Pages of checklists: reading them, and the editor."""
