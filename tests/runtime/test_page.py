"""report.html in a browser: sentences and regions light each other, and nothing is fetched."""

import base64
import json
import os
import re
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from radscr_runtime.outputs import to_html, to_record

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)
A4_POINTS = (595, 842)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless Chromium of its own; its absence fails in CI and skips elsewhere."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        missing = "no chromium with chromedriver on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(driver)
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def page(busy_report, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    record = to_record(busy_report, {"load": 0.02})
    path.write_text(to_html(record, busy_report.radiograph), encoding="utf-8")
    return path


@pytest.fixture
def browser(chromium, page):
    chromium.get(page.as_uri())
    return chromium


def sentence(browser, place):
    return browser.find_elements(By.CSS_SELECTOR, f'li[data-place="{place}"]')[-1]


def region(browser, place):
    return browser.find_element(By.CSS_SELECTOR, f'path[data-place="{place}"]')


def lit(browser):
    found = browser.find_elements(By.CSS_SELECTOR, ".lit")
    return {one.get_attribute("data-place") for one in found}


def place_of(busy_report, finding):
    names = [one.place.hypothesis.finding for one in busy_report.findings]
    return str(names.index(finding))


def test_pointing_at_a_sentence_lights_its_region(browser, busy_report):
    place = place_of(busy_report, "pleural effusion")

    ActionChains(browser).move_to_element(sentence(browser, place)).perform()

    assert lit(browser) == {place}
    assert "lit" in region(browser, place).get_attribute("class").split()


def test_pointing_at_a_withdrawn_hypothesis_shows_its_region(browser, busy_report):
    place = place_of(busy_report, "consolidation")
    item = sentence(browser, place)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", item)

    ActionChains(browser).move_to_element(item).perform()

    assert "lit" in region(browser, place).get_attribute("class").split()


def test_looking_away_puts_the_light_out(browser, busy_report):
    place = place_of(busy_report, "pleural effusion")
    ActionChains(browser).move_to_element(sentence(browser, place)).perform()

    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()

    assert lit(browser) == set()


def topmost(browser, place):
    """A point of the window where the region is not covered by another one."""
    return browser.execute_script(
        """const path = document.querySelector(`path[data-place="${arguments[0]}"]`);
        const box = path.getBoundingClientRect();
        for (let y = box.top + 1; y < box.bottom; y += 3)
          for (let x = box.left + 1; x < box.right; x += 3)
            if (document.elementFromPoint(x, y) === path) return [x, y];
        return null;""",
        place,
    )


def at(browser, place):
    x, y = topmost(browser, place)
    actions = ActionChains(browser)
    actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
    return actions


def shown(browser, busy_report):
    """A place whose region can be pointed at, whatever the weights made of the others."""
    spoken = ("pneumothorax", "enlarged cardiac silhouette", "pleural effusion")
    places = [place_of(busy_report, name) for name in spoken]
    return next(place for place in places if topmost(browser, place))


def test_pointing_at_a_region_lights_its_sentences(browser, busy_report):
    place = shown(browser, busy_report)

    at(browser, place).perform()

    assert lit(browser) == {place}
    assert "lit" in sentence(browser, place).get_attribute("class").split()


def test_clicking_a_region_opens_its_card(browser, busy_report):
    place = shown(browser, busy_report)
    finding = busy_report.findings[int(place)]
    card = sentence(browser, place).find_element(By.CLASS_NAME, "card")
    assert not card.is_displayed()

    at(browser, place).click().perform()

    assert card.is_displayed()
    assert finding.reason.text in card.text
    assert finding.evidence[0].sentence.id in card.text
    assert finding.hedge is None or finding.hedge.id in card.text


def test_a_region_can_be_opened_from_the_keyboard(browser, busy_report):
    place = place_of(busy_report, "pneumothorax")

    region(browser, place).send_keys(Keys.ENTER)

    assert sentence(browser, place).find_element(By.CLASS_NAME, "card").is_displayed()


def test_sentences_and_regions_carry_the_same_numbers(browser, busy_report):
    badges = [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".badge:not(.off)")]
    numbers = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "g.number text")]

    assert numbers == ["1", "2", "3", "4"]
    assert set(badges) == set(numbers)


def test_all_abnormalities_are_a_click_away(browser):
    table = browser.find_element(By.CSS_SELECTOR, "section.screen table")
    assert not table.is_displayed()

    browser.find_element(By.CSS_SELECTOR, "section.screen summary").click()

    assert table.is_displayed()
    assert len(table.find_elements(By.TAG_NAME, "tr")) == 1 + 37


def test_the_page_logs_no_error_and_asks_for_nothing(chromium, page):
    for log in ("browser", "performance"):
        chromium.get_log(log)

    chromium.get(page.as_uri())

    messages = [json.loads(one["message"])["message"] for one in chromium.get_log("performance")]
    asked = {
        one["params"]["request"]["url"]
        for one in messages
        if one["method"] == "Network.requestWillBeSent"
    }
    assert chromium.get_log("browser") == []
    assert page.as_uri() in asked
    assert all(url.startswith("data:") for url in asked - {page.as_uri()})


def test_nothing_is_wider_than_a_narrow_window(browser):
    browser.set_window_size(520, 900)

    widths = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )

    browser.set_window_size(1400, 1000)
    assert widths[0] <= widths[1]


def test_the_page_prints_on_a4_with_its_report(browser):
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})

    raw = base64.b64decode(printed["data"])
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", raw)
    assert raw.startswith(b"%PDF")
    assert boxes
    for width, height in boxes:
        assert (float(width), float(height)) == pytest.approx(A4_POINTS, abs=1.5)
