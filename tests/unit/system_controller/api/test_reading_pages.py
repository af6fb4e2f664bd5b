"""The pages about the API come from this server alone."""

import re

import pytest

from tests.unit.system_controller.api.served import Served


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
async def test_a_page_loads_nothing_from_elsewhere(api: Served, page: str) -> None:
    answer = await api.call("GET", page)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert "/api/openapi.json" in links
    assert not re.search("<script>|://", answer.text)
    for link in links:
        assert (await api.call("GET", link)).status_code == 200, link


async def test_scripts_and_styles_say_what_they_are(api: Served) -> None:
    kinds = {"swagger-ui-bundle.js": "javascript", "swagger.js": "javascript", "swagger-ui.css": "text/css"}

    for name, kind in kinds.items():
        assert kind in (await api.call("GET", f"/api/docs/{name}")).headers["content-type"]


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2fcore.py", "%00"])
async def test_other_files_are_not_served(api: Served, name: str) -> None:
    assert (await api.call("GET", f"/api/docs/{name}")).status_code == 404
