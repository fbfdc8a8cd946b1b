import { z } from '@hono/zod-openapi';
import { parseId, type Id } from '../../../kernel/index.ts';
import { Plaintext } from '../../../vault/index.ts';

/**
 * The pieces request schemas are made of. A rule zod has no issue for speaks through a custom issue whose
 * params carry the type of conventions.md ("Errors"); read-problems.ts turns both into the domain's Problem.
 */
export type IssueParams = { type: string; ctx?: Record<string, unknown> };

export const issueOf = (type: string, message: string, ctx?: Record<string, unknown>) => ({
  code: 'custom' as const,
  message,
  params: { type, ...(ctx ? { ctx } : {}) } satisfies IssueParams,
});

const secrets = new WeakSet<z.core.$ZodType>();

/** Marks a field whose value must not come back, not even in an error. */
export function secret<T extends z.ZodType>(schema: T): T {
  secrets.add(schema);
  return schema;
}

export const isSecret = (schema: z.core.$ZodType): boolean => secrets.has(schema);

const references = new WeakSet<z.core.$ZodType>();

/** Marks a field that names a secret: somebody may have put the secret itself there, so it does not come back either. */
export function reference<T extends z.ZodType>(schema: T): T {
  references.add(schema);
  return schema;
}

export const isReference = (schema: z.core.$ZodType): boolean => references.has(schema);

/** A value to be sealed: out of its text as soon as it is read, and never in an answer or an error. */
export const secretField = () =>
  secret(
    z
      .string()
      .min(1)
      .max(20_000)
      .transform((text) => new Plaintext(text))
      .openapi({ type: 'string', writeOnly: true }),
  );

/** An id in either of its forms; read as the UUID it is held as. */
export const idField = <Noun extends string = string>() =>
  z
    .string()
    .transform((text, context): Id<Noun> => {
      const id = parseId<Noun>(text);
      if (id) return id;
      const error = 'unable to parse string as an id';
      context.addIssue(issueOf('uuid_parsing', `Input should be a valid UUID, ${error}`, { error }));
      return z.NEVER;
    })
    .openapi({ type: 'string', description: 'An id: a UUID, or a prefix and 24 hex digits.' });

/** A whole number in a query: its text, read. `cap` cuts what is above instead of refusing it. */
export function queryInt(rule: { min?: number; max?: number; cap?: number; fallback: number }) {
  return z
    .string()
    .optional()
    .transform((text, context): number => {
      if (text === undefined) return rule.fallback;
      if (!/^[+-]?\d{1,15}$/.test(text.trim())) {
        const message = 'Input should be a valid integer, unable to parse string as an integer';
        context.addIssue(issueOf('int_parsing', message));
        return z.NEVER;
      }
      const value = Number(text);
      if (rule.min !== undefined && value < rule.min) {
        const message = `Input should be greater than or equal to ${rule.min}`;
        context.addIssue(issueOf('greater_than_equal', message, { ge: rule.min }));
        return z.NEVER;
      }
      if (rule.max !== undefined && value > rule.max) {
        const message = `Input should be less than or equal to ${rule.max}`;
        context.addIssue(issueOf('less_than_equal', message, { le: rule.max }));
        return z.NEVER;
      }
      return rule.cap === undefined ? value : Math.min(value, rule.cap);
    })
    .openapi({
      type: 'integer',
      default: rule.fallback,
      ...(rule.min === undefined ? {} : { minimum: rule.min }),
      ...(rule.max === undefined ? {} : { maximum: rule.max }),
    });
}

const yes = new Set(['true', '1', 't', 'yes', 'y', 'on']);
const no = new Set(['false', '0', 'f', 'no', 'n', 'off']);

/** A boolean in a query that has to be there. */
export const requiredBoolean = () =>
  z
    .string()
    .transform((text, context): boolean => {
      if (yes.has(text.toLowerCase())) return true;
      if (no.has(text.toLowerCase())) return false;
      const message = 'Input should be a valid boolean, unable to interpret input';
      context.addIssue(issueOf('bool_parsing', message));
      return z.NEVER;
    })
    .openapi({ type: 'boolean' });

/** A boolean in a query; absent is undefined. */
export const queryBoolean = () => requiredBoolean().optional().openapi({ type: 'boolean' });

const isoTime = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** A moment, in a query or a body: ISO 8601; without an offset it is UTC. */
export const timeField = () =>
  z
    .string()
    .transform((text, context): Date => {
      const hasOffset = /([zZ]|[+-]\d{2}:?\d{2})$/.test(text.slice(10));
      const time = new Date(hasOffset || text.length <= 10 ? text : `${text}Z`);
      const year = time.getUTCFullYear();
      if (isoTime.test(text) && year >= 1 && year <= 9999) return time;
      context.addIssue(issueOf('datetime_parsing', 'Input should be a valid datetime'));
      return z.NEVER;
    })
    .openapi({ type: 'string', format: 'date-time' });

/** An object whose members are nobody's fields: kept as it came, odd names included. */
export const anyObject = () =>
  z
    .unknown()
    .transform((value, context): { readonly [key: string]: unknown } => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return value as { readonly [key: string]: unknown };
      }
      context.addIssue(issueOf('dict_type', 'Input should be a valid dictionary'));
      return z.NEVER;
    })
    .openapi({ type: 'object', additionalProperties: true });
