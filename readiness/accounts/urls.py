"""Addresses of people and teams. Signing in and one's own security are allauth's, under /accounts/."""

from __future__ import annotations

from django.urls import path

from readiness.accounts.views import demo, me, people, providers, teams

app_name = "accounts"
urlpatterns = [
    path("people/", people.index, name="people"),
    path("people/invite/", people.invite, name="invite"),
    path("people/<int:pk>/", people.edit, name="person"),
    path("people/<int:pk>/invitation/", people.send_again, name="send_invitation"),
    path("people/<int:pk>/second-factors/", people.remove_factors, name="remove_factors"),
    path("teams/", teams.index, name="teams"),
    path("teams/new/", teams.create, name="team_create"),
    path("teams/<slug:slug>/", teams.show, name="team"),
    path("teams/<slug:slug>/edit/", teams.edit, name="team_edit"),
    path("teams/<slug:slug>/members/", teams.add_member, name="member_add"),
    path("teams/<slug:slug>/members/<int:pk>/", teams.change_member, name="member"),
    path("me/", me.settings, name="settings"),
    path("demo/sign-in/", demo.sign_in, name="demo_sign_in"),
    # These stand before allauth's at the same addresses.
    path("accounts/oidc/<slug:provider_id>/login/", providers.openid_connect),
    path("accounts/github/login/", providers.github),
]
