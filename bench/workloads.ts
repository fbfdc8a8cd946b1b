import { isDeepStrictEqual } from 'node:util';
import { createCheck, isResultOf } from './check-answer.ts';
import { cutIssue, echoReply, issue, issueText } from './payloads.ts';

export type HttpCall = {
  path: string;
  method: 'POST' | 'GET' | 'DELETE';
  headers: Record<string, string>;
  body: string | null;
};

/** One kind of call, again and again: how it is asked and whether it was answered. `number` has six digits. */
export type Workload = {
  name: string;
  ask(number: number): HttpCall;
  check(body: Buffer, number: number): boolean;
};

export type Tool = 'echo' | 'issue' | 'mapped';

const meta = JSON.stringify({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
});

const common = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
});

/** A request of 2026-07-28. `params` without `_meta`, as the inside of an object. */
export function modernCall(
  path: string,
  key: string,
  method: string,
  params: string,
  id: number,
  name?: string,
): HttpCall {
  return {
    path,
    method: 'POST',
    headers: {
      ...common(key),
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name ? { 'mcp-name': name } : {}),
    },
    body: `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${params && `${params},`}"_meta":${meta}}}`,
  };
}

/** A request or, without `id`, a notification of 2025-11-25. */
export function legacyCall(
  path: string,
  key: string,
  session: string | null,
  method: string,
  params: string,
  id: number | null,
): HttpCall {
  return {
    path,
    method: 'POST',
    headers: {
      ...common(key),
      ...(session ? { 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session } : {}),
    },
    body: `{"jsonrpc":"2.0",${id === null ? '' : `"id":${id},`}"method":"${method}","params":{${params}}}`,
  };
}

/** The project travels only where nobody pins it. */
const argumentsOf = (tool: Tool, number: number, pinned: boolean): string => {
  const own = pinned ? '' : ',"project":"crib-bench"';
  return `"name":"${tool}","arguments":{"number":${tool === 'echo' ? number : 42}${own}}`;
};

const replyOf = (tool: Tool, number: number, cut: boolean): object =>
  tool === 'echo' ? echoReply(number) : tool === 'mapped' && cut ? cutIssue(issue) : issue;

const checkCall = (tool: Tool, cut: boolean): Workload['check'] =>
  createCheck((answer, number) => isResultOf({})(answer, number, replyOf(tool, number, cut)));

/** `curated`: the project is pinned, and the reply of `mapped` cut, on the way. */
export function modernWorkload(tool: Tool, at: { path: string; key: string; curated: boolean }): Workload {
  return {
    name: tool,
    ask: (number) =>
      modernCall(at.path, at.key, 'tools/call', argumentsOf(tool, number, at.curated), number, tool),
    check: checkCall(tool, at.curated),
  };
}

export function legacyWorkload(tool: Tool, at: { path: string; key: string; session: string }): Workload {
  return {
    name: tool,
    ask: (number) =>
      legacyCall(at.path, at.key, at.session, 'tools/call', argumentsOf(tool, number, true), number),
    check: checkCall(tool, true),
  };
}

export function listWorkload(at: { path: string; key: string }, tools: number): Workload {
  return {
    name: 'list',
    ask: (number) => modernCall(at.path, at.key, 'tools/list', '', number),
    check: createCheck((answer, number) => {
      const { id, result } = answer as { id?: number; result?: { tools: unknown[] } };
      return id === number && result?.tools.length === tools;
    }),
  };
}

/** The upstream's HTTP API, without anything in between. */
export function apiWorkload(tool: Tool, key: string): Workload {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return {
    name: tool,
    ask: (number) =>
      tool === 'echo'
        ? { path: '/echo', method: 'POST', headers, body: `{"number":${number},"project":"crib-bench"}` }
        : { path: '/issues/42?project=crib-bench', method: 'GET', headers, body: null },
    check:
      tool === 'echo'
        ? createCheck((answer, number) => isDeepStrictEqual(answer, echoReply(number)))
        : (body) => body.length === Buffer.byteLength(issueText),
  };
}
