import { Failure } from './failure.ts';
import type { ClientEntry } from './client-formats.ts';

// TOML is changed as text, between two lines of ours: what the person wrote stays byte by byte.

const opening = (name: string): string => `# >>> ${name}, written by toolcrib client`;
const closing = (name: string): string => `# <<< ${name}`;
const quoted = (text: string): string => JSON.stringify(text);

/** The table codex reads, https://developers.openai.com/codex/mcp ("config.toml", streamable HTTP servers). */
function tableOf(entry: ClientEntry): string {
  const key =
    entry.key === null
      ? `bearer_token_env_var = ${quoted(entry.keyVariable)}`
      : `http_headers = { "Authorization" = ${quoted(`Bearer ${entry.key}`)} }`;
  const table = `[mcp_servers.${entry.name}]\nurl = ${quoted(entry.url)}\n${key}`;
  return `${opening(entry.name)}\n${table}\n${closing(entry.name)}\n`;
}

export function addTable(text: string | null, entry: ClientEntry, file: string): string {
  const before = text === null ? '' : (removeTable(text, entry.name) ?? text);
  const lines = before.split('\n').map((line) => line.trim());
  if (lines.some((line) => /^mcp_servers(\.\S+)?\s*=/.test(line))) {
    throw new Failure(`${file} sets mcp_servers in one line: add the table by hand; --print shows it.`);
  }
  const heading = new RegExp(`^\\[\\s*mcp_servers\\s*\\.\\s*["']?${entry.name}["']?\\s*\\]`);
  if (lines.some((line) => heading.test(line))) {
    throw new Failure(`${file} has a table mcp_servers.${entry.name} of your own: rename it first.`);
  }
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  return before + gap + tableOf(entry);
}

/** Takes our lines out, with the empty line before them; null where they are not there. */
export function removeTable(text: string, name: string): string | null {
  const start = text.indexOf(`${opening(name)}\n`);
  if (start === -1 || (start > 0 && text[start - 1] !== '\n')) return null;
  const end = text.indexOf(`${closing(name)}\n`, start);
  if (end === -1) return null;
  const before = text.slice(0, start).replace(/\n\n$/, '\n');
  return before + text.slice(end + closing(name).length + 1);
}
