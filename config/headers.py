"""Headers that belong on every answer and that no middleware of Django sets."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Nothing here uses a sensor, a camera, a microphone, payment or the place where somebody is.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation"),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "usb"),
    )
)
ALWAYS = {
    "Permissions-Policy": PERMISSIONS,
    # Sounds and pages are for this site alone.
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}


class HeadersMiddleware:
    """Stands first: what others answer without a view has them too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in ALWAYS.items():
            response.setdefault(name, value)
        return response
