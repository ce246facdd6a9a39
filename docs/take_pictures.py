"""Take the pictures of docs/tutorial.md anew, from the site that the tutorial makes.

    python docs/take_pictures.py --password ... --report report/report.html

Needs Chromium (CHROMIUM, or `chromium` on the PATH) and what development needs.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1160, 820
STUDY = "Which advice is better?"


def sign_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/login/")
    page.get_by_label("Username").fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")


def take(page: Page, name: str) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=IMAGES / f"tutorial-{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--password", required=True)
    parser.add_argument("--report", type=Path, required=True)
    options = parser.parse_args()
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        sign_in(page, options.url, options.password)
        page.goto(f"{options.url}/studies/")
        page.get_by_role("link", name=STUDY).click()
        page.get_by_role("link", name="Simulated").click()
        take(page, "overview")
        page.get_by_role("link", name="Advice", exact=True).click()
        take(page, "advice")
        page.goto(options.report.resolve().as_uri())
        page.get_by_role("heading", name="Primary outcome").evaluate("it => it.scrollIntoView()")
        take(page, "report")
        browser.close()


if __name__ == "__main__":
    main()
