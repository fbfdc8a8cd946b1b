import type { Client, StandardSchemaV1 } from '@modelcontextprotocol/client';
import { badReply, breakerOpen, endedBy, replyTooLarge, unreachableService } from '../../egress/index.ts';
import { Fault } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { McpBinding } from '../../connectors/index.ts';
import type { Unsealer } from '../../vault/index.ts';
import { openArguments } from '../authorize.ts';
import { removeSecrets } from '../remove-secrets.ts';
import type { Invocation, ListChanged, Listing, Log, Reply, StdioServer } from '../types.ts';
import { productVersion } from '../user-agent.ts';
import { cleanText } from './clean-text.ts';
import { listTools, listingFault, readTools } from './list-tools.ts';
import { sessionOf } from './open-session.ts';
import { failure, resultOf } from './read-result.ts';

type Running = { client: Client; pid: number | null };
type Slot = { running: Promise<Running> | null; exits: number; restAt: number };

const startPatience = 30_000;
const firstRest = 500;
const longestRest = 30_000;
/** Bytes of one message a process may send before it is stopped. */
const messageCap = 32 * 1024 * 1024;
const longestCall = 60 * 60 * 1_000;

/** Reads results as they are: what they must be is checked where they are turned into ours. */
const asItIs: StandardSchemaV1<unknown, Json> = {
  '~standard': { version: 1, vendor: 'toolcrib', validate: (value) => ({ value: value as Json }) },
};

/**
 * MCP servers that run as processes of ours, from the operator's file and nothing else: one process for each,
 * shared, started when first needed and again after it exits, with growing pauses.
 */
export function createStdioServers(
  servers: Readonly<Record<string, StdioServer>>,
  unsealer: Unsealer,
  { log, onListChanged }: { log: Log; onListChanged: (changed: ListChanged) => void },
) {
  const slots = new Map<string, Slot>();
  let closed = false;

  /** In either era: the stream to the process is open anyway. */
  const noticed = (name: string) => ({
    autoRefresh: false,
    debounceMs: 0,
    onChanged: () => onListChanged({ stdioServer: name }),
  });

  const start = async (name: string, server: StdioServer, slot: Slot): Promise<Running> => {
    const [{ Client }, { StdioClientTransport, getDefaultEnvironment }] = await Promise.all([
      import('@modelcontextprotocol/client'),
      import('@modelcontextprotocol/client/stdio'),
    ]);
    const transport = new StdioClientTransport({
      command: server.command,
      args: [...(server.args ?? [])],
      // Our own environment holds the master key: only what is harmless is inherited.
      env: { ...getDefaultEnvironment(), ...server.env },
      ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
      stderr: 'pipe',
      maxBufferSize: messageCap,
    });
    transport.stderr?.on('data', () => undefined);
    const client = new Client(
      { name: 'toolcrib', version: productVersion },
      { versionNegotiation: { mode: 'auto' }, capabilities: {}, listChanged: { tools: noticed(name) } },
    );
    client.onclose = () => {
      rest(slot);
      if (!closed) log('warn', `The stdio server ${name} ended.`);
    };
    try {
      await client.connect(transport, { timeout: startPatience });
    } catch (error) {
      await client.close().catch(() => undefined);
      throw unreachableService(error);
    }
    return { client, pid: transport.pid };
  };

  const reach = async (name: string, signal: AbortSignal): Promise<{ slot: Slot; client: Client }> => {
    const server = Object.hasOwn(servers, name) ? servers[name] : undefined;
    if (!server || closed) throw unreachableService();
    const slot = slots.get(name) ?? { running: null, exits: 0, restAt: 0 };
    slots.set(name, slot);
    if (slot.running === null) {
      const left = slot.restAt - Date.now();
      if (left > 0) throw breakerOpen(Math.ceil(left / 1_000));
      slot.running = start(name, server, slot);
      slot.running.catch(() => {
        if (slot.running !== null) rest(slot);
      });
    }
    const { client } = await slot.running;
    if (signal.aborted) throw endedBy(signal);
    return { slot, client };
  };

  const ask = async (
    name: string,
    signal: AbortSignal,
    method: string,
    params: object,
    more: object = {},
  ) => {
    const { slot, client } = await reach(name, signal);
    try {
      const request = { method, params: params as Record<string, unknown> };
      const result = await client.request(request, asItIs, { signal, timeout: longestCall, ...more });
      slot.exits = 0;
      return result;
    } catch (error) {
      if (signal.aborted) throw endedBy(signal);
      throw error;
    }
  };

  return {
    async list(name: string, signal: AbortSignal): Promise<Listing> {
      const tools = await listTools((params) =>
        ask(name, signal, 'tools/list', params).catch((error: unknown) => {
          const code = rpcCode(error);
          if (code === null) throw faultOf(error);
          if (code === -32601) return { tools: [] };
          throw listingFault(null, code);
        }),
      );
      const session = sessionOf((await reach(name, signal)).client, null);
      const { server, instructions } = session;
      return { definitions: await readTools(tools, false), server, instructions: cleanText(instructions) };
    },

    async invoke(invocation: Invocation, binding: McpBinding): Promise<Reply> {
      const { target, signal, maxBytes, onProgress } = invocation;
      const { values, secrets } = await openArguments(unsealer, target.organizationId, invocation.arguments);
      const params = { name: binding.tool, arguments: values };
      let result: Json;
      try {
        const more = onProgress ? { onprogress: onProgress } : {};
        result = await ask(target.address, signal, 'tools/call', params, more);
      } catch (error) {
        const code = rpcCode(error);
        if (code === null) throw faultOf(error);
        return failure(null, 0, removeSecrets((error as Error).message, secrets, '\\u'));
      }
      const text = JSON.stringify(result);
      const bytes = Buffer.byteLength(text);
      if (bytes > maxBytes) throw replyTooLarge(maxBytes);
      return resultOf(removeSecrets(result, secrets, text), null, bytes);
    },

    async close(): Promise<void> {
      closed = true;
      const running = [...slots.values()].map((slot) => slot.running);
      slots.clear();
      await Promise.all(
        running.map(async (one) => {
          const started = await one?.catch(() => null);
          await started?.client.close().catch(() => undefined);
        }),
      );
    },
  };
}

/** Each start that ends soon is followed by a longer pause; an answered request forgets them. */
function rest(slot: Slot): void {
  slot.running = null;
  slot.restAt = Date.now() + Math.min(firstRest * 2 ** slot.exits, longestRest);
  slot.exits += 1;
}

/** The code of an error the server answered with; null where it did not answer. */
function rpcCode(error: unknown): number | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'number' ? code : null;
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CLOSED|NOT_CONNECTED|TIMEOUT/i.test(code)) return unreachableService(error);
  return badReply('The service answered with something that is no tool result.');
}
