import { readFileSync } from 'node:fs';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Problem } from '../kernel/index.ts';
import { bodyProblem } from '../kernel/index.ts';

const schemaFile = new URL('../../docs/connector.schema.json', import.meta.url);

let validate: ValidateFunction | undefined;

/** What is wrong with a connector file by docs/connector.schema.json, with the way to each place; empty when nothing. */
export function checkAgainstSchema(value: unknown): readonly Problem[] {
  validate ??= new Ajv2020({
    allErrors: true,
    discriminator: true,
    allowUnionTypes: true,
    strictRequired: false,
  }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  // A failed alternative repeats what its branches have said already.
  return errors
    .filter((error) => !(error.keyword === 'oneOf' && errors.length > 1))
    .slice(0, 50)
    .map(problemOf);
}

function problemOf(error: ErrorObject): Problem {
  const path = wayTo(error.instancePath);
  const parameters = error.params as {
    missingProperty?: string;
    additionalProperty?: string;
    propertyName?: string;
  };
  if (error.keyword === 'required') {
    return bodyProblem('missing', [...path, parameters.missingProperty ?? ''], 'This is needed.');
  }
  if (error.keyword === 'additionalProperties') {
    return bodyProblem(
      'extra_forbidden',
      [...path, parameters.additionalProperty ?? ''],
      'There is no such field.',
    );
  }
  const at = error.propertyName === undefined ? path : [...path, error.propertyName];
  const type = error.keyword === 'type' ? 'wrong_type' : 'value_error';
  return bodyProblem(type, at, `This ${error.message ?? 'is not valid'}.`);
}

function wayTo(pointer: string): (string | number)[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) =>
      /^(?:0|[1-9]\d*)$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~'),
    );
}
