import { onCleanUp } from '../processes.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { result, scriptedMcp, type ScriptedMcp } from '../fakes/scripted-mcp.ts';

/** Says back all it was asked, in replies and in errors: what a careless service does. */
const openEcho = (): Promise<Fake> =>
  httpService((seen, response) => {
    if (seen.url.startsWith('/doc.json'))
      return sendJson(response, documentOf(`http://${seen.headers.host}`));
    const said = {
      url: seen.url,
      headers: seen.headers,
      body: seen.body.toString(),
      message: JSON.stringify(seen.headers),
    };
    return sendJson(response, said, Number(/fail=(\d+)/.exec(seen.url)?.[1] ?? 200));
  });

const openMcpEcho = (): Promise<ScriptedMcp> =>
  scriptedMcp({
    era: 'modern',
    tools: [{ name: 'say', description: 'Says it all.', inputSchema: { type: 'object' } }],
    intercept: (seen, message, response) => {
      if (message?.method !== 'tools/call') return false;
      const text = `${seen.url} ${JSON.stringify(seen.headers)} ${seen.body.toString()}`;
      if (text.includes('"fail"')) {
        sendJson(response, {
          jsonrpc: '2.0',
          id: message.id,
          error: { code: -32000, message: text, data: text },
        });
      } else
        result(response, message.id, {
          resultType: 'complete',
          content: [{ type: 'text', text }],
          structuredContent: { text },
        });
      return true;
    },
  });

export function documentOf(url: string): object {
  const query = (name: string, schema: object) => ({ name, in: 'query', schema });
  return {
    openapi: '3.1.0',
    info: { title: 'Echo', version: '1' },
    servers: [{ url }],
    paths: {
      '/say': {
        get: {
          operationId: 'say',
          parameters: [
            query('fail', { type: 'integer' }),
            query('note', { type: 'string' }),
            query('pin', { type: 'string', format: 'password' }),
            query('packPin', { type: 'string', writeOnly: true }),
            query('start', { type: 'string', format: 'password' }),
          ],
          responses: { 200: { description: 'ok' } },
        },
      },
    },
  };
}

export async function openEchoes(): Promise<{ echo: Fake; mcp: ScriptedMcp }> {
  const [echo, mcp] = [await openEcho(), await openMcpEcho()];
  onCleanUp(() => echo.close());
  onCleanUp(() => mcp.close());
  return { echo, mcp };
}
