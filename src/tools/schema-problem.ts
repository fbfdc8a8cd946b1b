import type { ErrorObject } from 'ajv/dist/2020.js';

/** One thing wrong with a value: where, which keyword of the schema says so, and a sentence naming the field. */
export type SchemaProblem = { path: readonly (string | number)[]; keyword: string; message: string };

const a = (type: string): string =>
  /^[aeio]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`;
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'null';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

/** `labels[0].name`, the way people write a place in JSON. */
export function placeText(path: readonly (string | number)[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** A sentence for one error of the validator; null for those that only repeat others (`if`, a branch's own). */
export function schemaProblem(error: ErrorObject): SchemaProblem | null {
  const { keyword } = error;
  const params = error.params as Record<string, unknown>;
  const path = error.instancePath.split('/').slice(1).map(step);
  const named = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  if (typeof named === 'string') {
    const at = [...path, named];
    if (keyword === 'required') return { path: at, keyword, message: `"${placeText(at)}" is required.` };
    if (keyword === 'dependentRequired' || keyword === 'dependencies') {
      return {
        path: at,
        keyword,
        message: `"${placeText(at)}" is required with "${String(params.property)}".`,
      };
    }
    return { path: at, keyword, message: `"${placeText(at)}" is not a field of this tool.` };
  }
  const says = sentence(keyword, params);
  if (says === null) return null;
  return { path, keyword, message: `${path.length > 0 ? `"${placeText(path)}"` : 'The value'} ${says}` };
}

function step(text: string): string | number {
  return /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : text.replaceAll('~1', '/').replaceAll('~0', '~');
}

function sentence(keyword: string, params: Record<string, unknown>): string | null {
  const limit = shown(params.limit);
  switch (keyword) {
    case 'type':
      return `must be ${[params.type]
        .flat()
        .map((type) => a(String(type)))
        .join(' or ')}.`;
    case 'enum': {
      const allowed = (params.allowedValues ?? []) as readonly unknown[];
      const more = allowed.length > 10 ? ` and ${allowed.length - 10} more` : '';
      return `must be one of ${allowed.slice(0, 10).map(shown).join(', ')}${more}.`;
    }
    case 'const':
      return `must be ${shown(params.allowedValue)}.`;
    case 'format':
      return `must be in the format ${String(params.format)}.`;
    case 'pattern':
      return `must match the pattern ${shown(params.pattern)}.`;
    case 'minimum':
      return `must be at least ${limit}.`;
    case 'maximum':
      return `must be at most ${limit}.`;
    case 'exclusiveMinimum':
      return `must be greater than ${limit}.`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}.`;
    case 'multipleOf':
      return `must be a multiple of ${shown(params.multipleOf)}.`;
    case 'minLength':
      return `must have at least ${limit} characters.`;
    case 'maxLength':
      return `must have at most ${limit} characters.`;
    case 'minItems':
      return `must have at least ${limit} items.`;
    case 'maxItems':
      return `must have at most ${limit} items.`;
    case 'items':
    case 'unevaluatedItems':
      return `has more items than the schema allows.`;
    case 'uniqueItems':
      return 'must not have the same item twice.';
    case 'minProperties':
      return `must have at least ${limit} fields.`;
    case 'maxProperties':
      return `must have at most ${limit} fields.`;
    case 'propertyNames':
      return `has a field whose name is not allowed: ${shown(params.propertyName)}.`;
    case 'contains':
      return 'does not contain the items it must.';
    case 'oneOf':
      return params.passingSchemas
        ? 'fits more than one of the forms, and must fit exactly one.'
        : 'fits none of the forms it may have.';
    case 'anyOf':
      return 'fits none of the forms it may have.';
    case 'not':
    case 'false schema':
      return 'is not allowed.';
    case 'if':
      return null;
    default:
      return 'does not fit the schema.';
  }
}
