import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { Fault } from '../kernel/index.ts';
import type { StdioServer } from '../drivers/index.ts';

const form = z.strictObject({
  mcpServers: z.record(
    z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    z.object({
      command: z.string().min(1),
      args: z.array(z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      cwd: z.string().optional(),
    }),
  ),
});

/**
 * Reads `servers.json` of the data directory: the only place processes are started from, owned by the
 * operator. Fault `invalid` in one sentence; no file means no servers.
 */
export function readServers(file: string): Readonly<Record<string, StdioServer>> {
  if (!existsSync(file)) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Fault('invalid', `${file} is not valid JSON.`);
  }
  const parsed = form.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault(
      'invalid',
      `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not readable'}.`,
    );
  }
  return parsed.data.mcpServers;
}
