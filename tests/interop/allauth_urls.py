"""The addresses of the Django site in `test_allauth.py`."""

from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls"))]
