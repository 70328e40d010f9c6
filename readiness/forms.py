"""How forms are rendered: `{{ form }}` and `{{ form.field.as_field_group }}` use our components."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Django's renderer with the form and the field of templates/components/."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
