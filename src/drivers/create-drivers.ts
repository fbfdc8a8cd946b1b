import type { Egress } from '../egress/index.ts';
import { Fault, systemClock } from '../kernel/index.ts';
import type { Clock } from '../kernel/index.ts';
import type { Unsealer } from '../vault/index.ts';
import { invokeHttp } from './http/invoke-http.ts';
import { invokeMcp } from './mcp/invoke-mcp.ts';
import { listMcp } from './mcp/list-mcp.ts';
import { createSessions } from './mcp/sessions.ts';
import { createStdioServers } from './mcp/stdio-servers.ts';
import { createOAuth } from './oauth/create-oauth.ts';
import { createRetries } from './retry.ts';
import type { Drivers, ListChanged, Log, StdioServer } from './types.ts';

export type DriverOptions = {
  egress: Egress;
  unsealer: Unsealer;
  /** `mcpServers` of the operator's servers.json. */
  stdioServers?: Readonly<Record<string, StdioServer>>;
  /** What expiry of tokens is counted from. */
  clock?: Clock;
  log?: Log;
  /** An MCP server has said that its tools are not what they were. Called often, perhaps: it must be cheap. */
  onListChanged?: (changed: ListChanged) => void;
};

/** How to speak to services: HTTP operations, MCP servers over HTTP, MCP servers as processes. */
export function createDrivers({
  egress,
  unsealer,
  stdioServers = {},
  clock = systemClock,
  log = () => undefined,
  onListChanged = () => undefined,
}: DriverOptions): Drivers {
  const retrying = createRetries();
  const sessions = createSessions();
  const stdio = createStdioServers(stdioServers, unsealer, { log, onListChanged });
  return {
    oauth: createOAuth({ egress, unsealer, clock }),

    async list(target, credential, signal) {
      if (target.kind === 'mcp') return listMcp({ egress, unsealer, target, credential }, sessions, signal);
      if (target.kind === 'stdio') return stdio.list(target.address, signal);
      throw new Fault('internal', 'Only MCP servers list their tools.');
    },

    async invoke(invocation) {
      const { binding, target } = invocation;
      if (binding.kind === 'http') return invokeHttp({ egress, unsealer, retrying }, invocation, binding);
      if (target.kind === 'stdio') return stdio.invoke(invocation, binding);
      return invokeMcp({ egress, unsealer, onListChanged, sessions, retrying }, invocation, binding);
    },

    forget: (connectionId) => sessions.forget(connectionId),

    async close() {
      await Promise.all([sessions.close(), stdio.close()]);
    },
  };
}
