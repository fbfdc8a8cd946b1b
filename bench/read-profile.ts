import { readFileSync } from 'node:fs';

type Node = {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
};
type Profile = { nodes: Node[]; samples: number[]; timeDeltas: number[] };

/** Shares of the time the process was busy, largest first. */
export type Costs = { parts: [string, number][]; functions: [string, number][] };

/** Who a frame works for; null: for whoever called it. */
function partOf({ functionName, url }: Node['callFrame']): string | null {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'the runtime itself';
  if (url.includes('/@electric-sql/')) return 'embedded database';
  const room = /\/src\/([\w-]+(?:\/(?:mcp|door|http)(?=\/))?)/.exec(url)?.[1];
  if (room) return room;
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library === undefined) return null;
  return library.startsWith('pg') ? 'database client (pg)' : library;
}

/**
 * Reads a .cpuprofile: self time by part (what the runtime does is charged to the part that asked for it; what
 * nobody asked for is HTTP and sockets) and by function.
 */
export function readProfile(file: string): Costs {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const self = new Map<number, number>();
  profile.samples.forEach((id, index) => {
    self.set(id, (self.get(id) ?? 0) + profile.timeDeltas[index]!);
  });
  const parts = new Map<string, number>();
  const functions = new Map<string, number>();
  let busy = 0;
  const visit = (node: Node, caller: string): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const part = partOf(node.callFrame) ?? caller;
    const time = self.get(node.id) ?? 0;
    // The profiler's own start lies in its first samples.
    if (functionName !== '(idle)' && url !== 'node:inspector') {
      busy += time;
      parts.set(part, (parts.get(part) ?? 0) + time);
      const place = `${functionName || '(anonymous)'} ${url.replace(/.*\/(?=src|node_modules)/, '')}:${lineNumber + 1}`;
      functions.set(place, (functions.get(place) ?? 0) + time);
    }
    for (const child of node.children ?? []) visit(byId.get(child)!, part);
  };
  visit(profile.nodes[0]!, 'HTTP server and sockets');
  const shares = (times: Map<string, number>): [string, number][] =>
    [...times]
      .map(([name, time]): [string, number] => [name, time / busy])
      .sort((left, right) => right[1] - left[1]);
  return { parts: shares(parts), functions: shares(functions) };
}
