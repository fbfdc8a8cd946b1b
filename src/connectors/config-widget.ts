import type { ConfigField } from './connector-file.ts';

export type Widget = NonNullable<ConfigField['widget']>;

const usual: Readonly<Record<ConfigField['type'], Widget>> = {
  string: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'toggle',
  select: 'select',
  multiselect: 'select',
  json: 'code',
  url: 'url',
};

/** What a form asks for the field with: what the file says, else what its type suggests. */
export const widgetOf = (field: ConfigField): Widget => field.widget ?? usual[field.type];
