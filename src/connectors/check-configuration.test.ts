import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkConfiguration } from './check-configuration.ts';
import { configProblems } from './config-problems.ts';
import { widgetOf } from './config-widget.ts';
import type { ConfigField } from './connector-file.ts';

const field = (type: ConfigField['type'], more: Partial<ConfigField> = {}): ConfigField => ({
  name: 'x',
  display_name: 'X',
  type,
  required: false,
  ...more,
});
const options = ['eu', 'us', 'ap'].map((value) => ({ label: value.toUpperCase(), value }));

/** What is said of one value of one field: type, message and further facts. */
function said(of: ConfigField, value: unknown): readonly unknown[] {
  const { problems } = checkConfiguration([of], { x: value }, ['configuration']);
  return problems.map(({ type, message, ctx }) => (ctx ? [type, message, ctx] : [type, message]));
}

describe('a connector’s typed configuration', () => {
  test('takes values of each type as they are', () => {
    const good: readonly [ConfigField, readonly unknown[]][] = [
      [field('string'), ['', 'a', '😀']],
      [field('string', { validation: { pattern: '^[a-z]+$', min_length: 2, max_length: 3 } }), ['ab', 'abc']],
      [field('string', { validation: { max_length: 1 } }), ['😀']],
      [field('number', { validation: { min: 0, max: 1 } }), [0, 0.5, 1]],
      [field('integer', { validation: { min: 1 } }), [1, 2.0, 9e15]],
      [field('boolean'), [true, false]],
      [field('select', { options }), ['eu', 'ap']],
      [
        field('multiselect', { options, validation: { min_length: 1, max_length: 2 } }),
        [['eu'], ['us', 'eu']],
      ],
      [field('json'), [{ a: [1] }, [1], 1, false, '{"a":1}']],
      [field('url'), ['https://api.example/v1?x=1', 'http://127.0.0.1:3000']],
    ];
    for (const [of, values] of good) {
      for (const value of values) {
        const checked = checkConfiguration([of], { x: value }, ['configuration']);
        assert.deepEqual(checked, { problems: [], values: { x: value } }, `${of.type} ${String(value)}`);
      }
    }
  });

  test('says of each wrong value what is wrong, in the contract’s words', () => {
    const bad: readonly [ConfigField, unknown, readonly unknown[]][] = [
      [field('string'), 1, ['string_type', 'Input should be a valid string']],
      [
        field('string', { required: true }),
        '',
        ['string_too_short', 'String should have at least 1 character', { min_length: 1 }],
      ],
      [
        field('string', { validation: { min_length: 3 } }),
        'ab',
        ['string_too_short', 'String should have at least 3 characters', { min_length: 3 }],
      ],
      [
        field('string', { validation: { max_length: 1 } }),
        'ab',
        ['string_too_long', 'String should have at most 1 character', { max_length: 1 }],
      ],
      [
        field('string', { validation: { pattern: '^[a-z]+$' } }),
        'A',
        ['string_pattern_mismatch', "String should match pattern '^[a-z]+$'", { pattern: '^[a-z]+$' }],
      ],
      [field('number'), true, ['float_type', 'Input should be a valid number']],
      [field('number'), '1.5', ['float_type', 'Input should be a valid number']],
      [
        field('number'),
        'many',
        ['float_parsing', 'Input should be a valid number, unable to parse string as a number'],
      ],
      [
        field('number', { validation: { min: 0.5 } }),
        0.4,
        ['greater_than_equal', 'Input should be greater than or equal to 0.5', { ge: 0.5 }],
      ],
      [
        field('integer', { validation: { max: 5 } }),
        6,
        ['less_than_equal', 'Input should be less than or equal to 5', { le: 5 }],
      ],
      [
        field('integer'),
        1.5,
        ['int_from_float', 'Input should be a valid integer, got a number with a fractional part'],
      ],
      [
        field('integer'),
        'x',
        ['int_parsing', 'Input should be a valid integer, unable to parse string as an integer'],
      ],
      [field('integer'), [], ['int_type', 'Input should be a valid integer']],
      [
        field('boolean'),
        'yes',
        ['bool_parsing', 'Input should be a valid boolean, unable to interpret input'],
      ],
      [field('boolean'), 2, ['bool_type', 'Input should be a valid boolean']],
      [
        field('select', { options }),
        'mars',
        ['literal_error', "Input should be 'eu', 'us' or 'ap'", { expected: "'eu', 'us' or 'ap'" }],
      ],
      [field('multiselect', { options }), 'eu', ['list_type', 'Input should be a valid list']],
      [
        field('multiselect', { options, validation: { min_length: 1 } }),
        [],
        [
          'too_short',
          'List should have at least 1 item after validation, not 0',
          { field_type: 'List', min_length: 1, actual_length: 0 },
        ],
      ],
      [field('json'), '{', ['json_invalid', 'Invalid JSON', { error: 'the text cannot be read as JSON' }]],
      [field('url'), 7, ['url_type', 'URL input should be a string or URL']],
      [
        field('url'),
        'nowhere',
        [
          'url_parsing',
          'Input should be a valid URL, relative URL without a base',
          { error: 'relative URL without a base' },
        ],
      ],
      [
        field('url'),
        'ftp://files.example',
        ['url_scheme', "URL scheme should be 'http' or 'https'", { expected_schemes: "'http' or 'https'" }],
      ],
    ];
    for (const [of, value, expected] of bad) assert.deepEqual(said(of, value), [expected], of.type);
  });

  test('names every problem at once, fields in their order, then those nobody knows', () => {
    const fields = [
      field('string', { name: 'host', required: true }),
      field('integer', { name: 'port' }),
      field('multiselect', { name: 'regions', options }),
    ];
    const given = { later: 'secret', regions: ['eu', 'mars'], port: 'x' };
    const { problems } = checkConfiguration(fields, given, ['configuration']);
    assert.deepEqual(
      problems.map(({ type, path }) => [type, path.join('.')]),
      [
        ['missing', 'configuration.host'],
        ['int_parsing', 'configuration.port'],
        ['literal_error', 'configuration.regions.1'],
        ['extra_forbidden', 'configuration.later'],
      ],
    );
    assert.ok(!JSON.stringify(problems).includes('secret'));
  });

  test('a field with a default may be left out, null is nothing given, and odd names are nobody’s', () => {
    const fields = [field('string', { name: 'host', required: true, default: 'api' }), field('number')];
    assert.deepEqual(checkConfiguration(fields, { x: null }, []), { problems: [], values: {} });
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const { problems } = checkConfiguration(fields, JSON.parse(`{"${name}":1}`), []);
      assert.deepEqual(
        problems.map(({ type, path }) => [type, ...path]),
        [['extra_forbidden', name]],
      );
    }
  });

  test('an address with user info is refused and not repeated', () => {
    const { problems } = checkConfiguration([field('url')], { x: 'https://me:hunter2@a.example' }, []);
    assert.equal(problems[0]!.type, 'value_error');
    assert.ok(!JSON.stringify(problems).includes('hunter2'));
  });

  test('a text that is too long for its pattern to be run does not match', () => {
    const of = field('string', { validation: { pattern: '^a+a+$' } });
    assert.deepEqual(said(of, 'a'.repeat(100)), []);
    assert.equal((said(of, 'a'.repeat(20_000)) as string[][])[0]![0], 'string_pattern_mismatch');
  });

  test('a file’s fields offer choices, have patterns that can be run and defaults that fit', () => {
    const places = (...fields: ConfigField[]) =>
      configProblems(fields, ['config']).map(({ path }) => path.join('.'));
    assert.deepEqual(places(field('select')), ['config.0.options']);
    assert.deepEqual(places(field('select', { options: [...options, options[0]!] })), [
      'config.0.options.3.value',
    ]);
    for (const pattern of ['(', '^(a+)+$']) {
      assert.deepEqual(places(field('string', { validation: { pattern } })), ['config.0.validation.pattern']);
    }
    assert.deepEqual(places(field('integer', { default: 'x' })), ['config.0.default']);
    assert.deepEqual(places(field('integer', { default: 3 }), field('select', { options })), []);
  });

  test('a form has a widget for each type where the file names none', () => {
    assert.equal(widgetOf(field('boolean')), 'toggle');
    assert.equal(widgetOf(field('json')), 'code');
    assert.equal(widgetOf(field('string', { widget: 'textarea' })), 'textarea');
  });
});
