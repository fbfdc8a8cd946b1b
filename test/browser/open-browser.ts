import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';

/** Debian's chromium, or another one on the PATH; null where there is none. */
export const chromiumPath: string | null =
  ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
    .find(isProgram) ?? null;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** For `describe`: false, or why these tests do not run here. */
export const needsChromium: false | string =
  chromiumPath === null && 'no chromium on the PATH (Debian: apt-get install chromium)';

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    // In a container there is no user namespace for the sandbox; nothing of Chromium's own is to be asked for.
    args: ['--no-sandbox', '--disable-background-networking'],
  });

export type Watched = {
  context: BrowserContext;
  /** What the browser said on its console and where, violations of a policy included. */
  said: { text: string; url: string }[];
  /** Origins anything was asked of. */
  asked: Set<string>;
};

/** A browser of somebody's own, without script unless asked for. */
export async function newPerson(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  const said: Watched['said'] = [];
  const asked = new Set<string>();
  context.on('console', (message) => void said.push({ text: message.text(), url: message.location().url }));
  context.on('weberror', (error) => void said.push({ text: String(error.error()), url: '' }));
  context.on('request', (request) => void asked.add(new URL(request.url()).origin));
  return { context, said, asked };
}
