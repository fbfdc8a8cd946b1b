import { bodyProblem, resetPatternWork, safePattern, type JsonPath, type Problem } from '../kernel/index.ts';
import type { ConfigField } from './connector-file.ts';

type Said = { type: string; message: string; ctx?: Record<string, unknown> };

/** What is wrong with one value that was given for a field; nothing where it fits. */
export function fieldProblems(field: ConfigField, value: unknown, path: JsonPath): readonly Problem[] {
  if (field.type === 'multiselect') return choicesProblems(field, value, path);
  if (field.type === 'url' && holdsUserInfo(value)) {
    // What is refused for holding a secret is not repeated.
    return [bodyProblem('value_error', path, 'An address must not hold user name and password')];
  }
  return said(field, value).map(({ type, message, ctx }) =>
    bodyProblem(type, path, message, { input: value, ...(ctx ? { ctx } : {}) }),
  );
}

function said(field: ConfigField, value: unknown): readonly Said[] {
  switch (field.type) {
    case 'string':
      return textSaid(field, value);
    case 'url':
      return urlSaid(field, value);
    case 'number':
      return numberSaid(field, value);
    case 'integer':
      return integerSaid(field, value);
    case 'boolean':
      return typeof value === 'boolean' ? [] : [booleanSaid(value)];
    case 'select':
      return choiceSaid(field, value);
    case 'json':
      return isJson(value) ? [] : [{ type: 'json_invalid', message: 'Invalid JSON', ctx: jsonError }];
    case 'multiselect':
      return [];
  }
}

/** Longer texts are no setting: a file's `max_length` may say less, not more. */
const longest = 20_000;

function textSaid({ validation = {}, required }: ConfigField, value: unknown): readonly Said[] {
  if (typeof value !== 'string') return [{ type: 'string_type', message: 'Input should be a valid string' }];
  const { pattern, min_length: min = required ? 1 : 0, max_length: max = longest } = validation;
  const length = Array.from(value).length;
  if (length < min) {
    const message = `String should have at least ${counted(min, 'character')}`;
    return [{ type: 'string_too_short', message, ctx: { min_length: min } }];
  }
  if (length > Math.min(max, longest)) {
    const most = Math.min(max, longest);
    const message = `String should have at most ${counted(most, 'character')}`;
    return [{ type: 'string_too_long', message, ctx: { max_length: most } }];
  }
  if (pattern === undefined || matches(pattern, value)) return [];
  const message = `String should match pattern '${pattern}'`;
  return [{ type: 'string_pattern_mismatch', message, ctx: { pattern } }];
}

/** A text on which the pattern would be too much work does not match. */
function matches(pattern: string, text: string): boolean {
  resetPatternWork();
  return safePattern(pattern, 'u', false).test(text);
}

function urlSaid(field: ConfigField, value: unknown): readonly Said[] {
  if (typeof value !== 'string') {
    return [{ type: 'url_type', message: 'URL input should be a string or URL' }];
  }
  const url = URL.parse(value);
  if (!url) {
    const error = value === '' ? 'input is empty' : 'relative URL without a base';
    return [{ type: 'url_parsing', message: `Input should be a valid URL, ${error}`, ctx: { error } }];
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    const expected = "'http' or 'https'";
    return [
      {
        type: 'url_scheme',
        message: `URL scheme should be ${expected}`,
        ctx: { expected_schemes: expected },
      },
    ];
  }
  return textSaid(field, value);
}

function holdsUserInfo(value: unknown): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url !== null && (url.username !== '' || url.password !== '');
}

function numberSaid(field: ConfigField, value: unknown): readonly Said[] {
  if (typeof value === 'number' && Number.isFinite(value)) return rangeSaid(field, value);
  const message = 'Input should be a valid number';
  if (typeof value !== 'string' || isNumberText(value)) return [{ type: 'float_type', message }];
  return [{ type: 'float_parsing', message: `${message}, unable to parse string as a number` }];
}

function integerSaid(field: ConfigField, value: unknown): readonly Said[] {
  const message = 'Input should be a valid integer';
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (Number.isInteger(value)) return rangeSaid(field, value);
    return [{ type: 'int_from_float', message: `${message}, got a number with a fractional part` }];
  }
  // A number in quotes is refused too: what is stored is what was given.
  if (typeof value !== 'string' || /^[+-]?\d+$/.test(value)) return [{ type: 'int_type', message }];
  return [{ type: 'int_parsing', message: `${message}, unable to parse string as an integer` }];
}

const isNumberText = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

function rangeSaid({ validation = {} }: ConfigField, value: number): readonly Said[] {
  const { min, max } = validation;
  if (min !== undefined && value < min) {
    const message = `Input should be greater than or equal to ${min}`;
    return [{ type: 'greater_than_equal', message, ctx: { ge: min } }];
  }
  if (max !== undefined && value > max) {
    const message = `Input should be less than or equal to ${max}`;
    return [{ type: 'less_than_equal', message, ctx: { le: max } }];
  }
  return [];
}

function booleanSaid(value: unknown): Said {
  const message = 'Input should be a valid boolean';
  return typeof value === 'string'
    ? { type: 'bool_parsing', message: `${message}, unable to interpret input` }
    : { type: 'bool_type', message };
}

function choiceSaid({ options = [] }: ConfigField, value: unknown): readonly Said[] {
  if (options.some((option) => option.value === value)) return [];
  const names = options.map((option) => `'${option.value}'`);
  const expected =
    names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return [{ type: 'literal_error', message: `Input should be ${expected}`, ctx: { expected } }];
}

function choicesProblems(field: ConfigField, value: unknown, path: JsonPath): readonly Problem[] {
  if (!Array.isArray(value)) {
    return [bodyProblem('list_type', path, 'Input should be a valid list', { input: value })];
  }
  const items: readonly unknown[] = value;
  const { min_length: min = 0, max_length: max = Infinity } = field.validation ?? {};
  const isShort = items.length < min;
  if (isShort || items.length > max) {
    const bound = isShort ? min : max;
    const message = `List should have at ${isShort ? 'least' : 'most'} ${counted(bound, 'item')} after validation, not ${items.length}`;
    const ctx = {
      field_type: 'List',
      [isShort ? 'min_length' : 'max_length']: bound,
      actual_length: items.length,
    };
    return [bodyProblem(isShort ? 'too_short' : 'too_long', path, message, { input: value, ctx })];
  }
  return items
    .slice(0, 100)
    .flatMap((item, index) =>
      choiceSaid(field, item).map(({ type, message, ctx }) =>
        bodyProblem(type, [...path, index], message, { input: item, ctx }),
      ),
    );
}

const jsonError = { error: 'the text cannot be read as JSON' };

/** JSON as it is, or as text: a form has nothing but text to send. */
function isJson(value: unknown): boolean {
  if (typeof value !== 'string') return true;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
