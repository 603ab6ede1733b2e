"""Covers and avatars for a browser: drawn from the id or name, so that they look different."""

from html import escape

__all__ = ["SVG", "SVG_HEADERS", "cover", "face"]

SVG = "image/svg+xml"
# A drawing that is opened directly must not run scripts or load anything.
SVG_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "Vary": "Accept"}


def cover(number: int) -> bytes:
    """Return the drawing for a video, three wide and four high."""
    hue, other = number * 47 % 360, number * 31 % 90 + 40
    x, y, size = number % 70 + 10, number // 7 % 80 + 20, number // 11 % 26 + 16
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 120" width="270" height="360">
<defs><linearGradient id="g" x2="0.6" y2="1"><stop stop-color="hsl({hue} 62% 58%)"/>
<stop offset="1" stop-color="hsl({(hue + other) % 360} 58% 30%)"/></linearGradient></defs>
<rect width="90" height="120" fill="url(#g)"/><circle cx="{x}" cy="{y}" r="{size}" fill="#fff" opacity=".22"/>
<circle cx="{90 - x}" cy="{120 - y // 2}" r="{size + 12}" fill="#000" opacity=".16"/></svg>""".encode()


def face(name: str) -> bytes:
    """Return the drawing for a user called *name*: its first letter."""
    hue = sum(map(ord, name)) * 47 % 360
    letter = escape(name[:1].upper() or "?")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="168" height="168">
<rect width="100" height="100" fill="hsl({hue} 46% 42%)"/><text x="50" y="50" font-size="46" font-family="sans-serif"
font-weight="700" fill="#fff" text-anchor="middle" dominant-baseline="central">{letter}</text></svg>""".encode()
