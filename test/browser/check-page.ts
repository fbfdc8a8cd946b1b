import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Json } from '../world.ts';

// The page’s own globals: Node’s types know none of them.
declare const document: Json;
declare const getComputedStyle: (element: Json) => Json;

type Findings = {
  lang: string;
  title: string;
  headings: number;
  unlabelled: string[];
  dangling: string[];
  faint: string[];
  overflow: number;
};

/** What anybody needs of a page: a language, a title, one heading, labels, contrast (WCAG AA), no sideways scrolling. */
export async function checkPage(page: Page, what: string): Promise<void> {
  const found = await page.evaluate(inspect);
  assert.equal(found.lang, 'en', what);
  assert.match(found.title, /\S.* · Toolcrib$/, what);
  assert.equal(found.headings, 1, `${what}: headings`);
  assert.deepEqual(found.unlabelled, [], `${what}: without a label`);
  assert.deepEqual(found.dangling, [], `${what}: described by what is not there`);
  assert.deepEqual(found.faint, [], `${what}: hard to read`);
  assert.ok(found.overflow <= 0, `${what}: ${found.overflow} px too wide`);
}

/** How something looks, as the browser has worked it out. */
export const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
  page.locator(selector).evaluate((element: Json, name: string) => getComputedStyle(element)[name], property);

/** Runs in the page. */
function inspect(): Findings {
  type Colour = { red: number; green: number; blue: number; alpha: number };
  const read = (text: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return { red, green, blue, alpha };
  };
  const luminance = ({ red, green, blue }: Colour): number => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element: Json): Colour => {
    if (!element) return { red: 255, green: 255, blue: 255, alpha: 1 };
    const colour = read(getComputedStyle(element).backgroundColor);
    return colour.alpha > 0 ? colour : behind(element.parentElement);
  };
  const contrast = (element: Json): number => {
    const [a, b] = [luminance(read(getComputedStyle(element).color)), luminance(behind(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const all = (selector: string): Json[] => [...document.querySelectorAll(selector)];
  const hasText = (element: Json): boolean =>
    [...element.childNodes].some(
      (node: Json) => node.nodeType === 3 && (node.textContent ?? '').trim() !== '',
    );
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: document.querySelectorAll('h1').length,
    unlabelled: all('input:not([type=hidden]), select, textarea')
      .filter((input) => (input.labels?.length ?? 0) === 0)
      .map((input) => input.outerHTML),
    dangling: all('[aria-describedby]').flatMap((element) =>
      element
        .getAttribute('aria-describedby')
        .split(' ')
        .filter((id: string) => !document.getElementById(id)),
    ),
    faint: all('body *')
      .filter((element) => hasText(element) && contrast(element) < 4.5)
      .map((element) => `${contrast(element).toFixed(2)} ${element.outerHTML.slice(0, 80)}`),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}
