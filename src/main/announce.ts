import type { Running } from '../main.ts';

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What a start tells, line by line. Keys are told once: at the very first start. */
export function announce(running: Running): readonly string[] {
  const { config, url, adminKey, sample } = running;
  const database = config.databaseUrl ? 'PostgreSQL' : `data ${config.dataDir}   (embedded database)`;
  const lines = [`✓ Toolcrib   ${url}   ${database}`];
  if (sample?.made) {
    const { counts, pack, keyText } = sample.made;
    lines.push(
      `✓ sample “Helpdesk”: ${plural(counts.tools, 'tool')}, ${counts.off} off, ${counts.pinned} pinned, ${counts.trimmed} trimmed     pack “${pack.slug}”, ${counts.tokens} tokens`,
    );
    lines.push(
      ...keyLines(running),
      '',
      '  for your agent’s client, the sample pack:',
      ...clientBlock(url, pack.slug, keyText),
    );
  } else {
    if (sample) lines.push('✓ sample “Helpdesk” is running');
    lines.push(...keyLines(running));
    if (adminKey === null) {
      lines.push(
        '  the admin key was shown at the first start; for a new one, stop and run: npx toolcrib keys reset-admin',
      );
    }
  }
  lines.push('', `  docs   ${url}/docs      next   npx toolcrib demo`);
  return lines;
}

/** A key that came from the environment is known to whoever set it, and output is often kept. */
function keyLines({ adminKey, config }: Running): string[] {
  if (adminKey === null) return [];
  return [
    config.adminKey
      ? '  admin key                as TOOLCRIB_ADMIN_KEY says'
      : `  admin key (shown once)   ${adminKey}`,
  ];
}

/** The block that MCP clients read, with the key for the sample pack alone. */
function clientBlock(url: string, pack: string, key: string): string[] {
  const block = {
    mcpServers: {
      toolcrib: { type: 'http', url: `${url}/mcp/${pack}`, headers: { Authorization: `Bearer ${key}` } },
    },
  };
  return JSON.stringify(block, null, 2)
    .split('\n')
    .map((line) => `  ${line}`);
}
