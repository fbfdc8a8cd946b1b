import { abandoned, callTool, type Way } from './call-tool.ts';
import type { Codec } from './codec.ts';
import { methodNotFound } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import type { Request } from './message.ts';
import type { Session } from './sessions.ts';

export type Answer = string | Buffer | typeof abandoned;

/** The methods served, in both eras. What is not here does not exist and is claimed by no capability. */
export function answerRequest(
  parts: Parts,
  exchange: Exchange,
  codec: Codec,
  request: Request,
  session: Session | null,
  way: Way,
): Answer | Promise<Answer> {
  switch (request.method) {
    case 'tools/call':
      return callTool(parts, exchange, codec, request, session, way);
    case 'tools/list':
      return parts.toolList.page(exchange.view, codec, request.params['cursor']);
    case 'server/discover':
      if (codec.era === 'modern') return codec.greeting(exchange.view);
      throw methodNotFound();
    case 'ping':
      if (codec.era === 'legacy') return '{}';
      throw methodNotFound();
    default:
      throw methodNotFound();
  }
}
