import type { LinkView } from '../../../connections/index.ts';
import { html, type Markup } from '../html.ts';
import type { Told } from './link-page.ts';

export const inputName = (field: string): string => `field_${field}`;

type Field = LinkView['fields'][number];

/** One input for each field of the service; what is secret is never written back into it. */
export function fieldsForm(view: LinkView, action: string, told: Told): Markup {
  const firstWrong = view.fields.find(({ name }) => told.problems.has(name));
  return html`<form method="post" action="${action}" autocomplete="off">
    <input type="hidden" name="step" value="fields" />
    ${view.fields.map((field) => inputOf(field, told, field === firstWrong))}
    <div class="row"><button>Connect ${view.service}</button></div>
  </form>`;
}

function inputOf(field: Field, told: Told, isFirst: boolean): Markup {
  const { name, label, secret, description } = field;
  const problem = told.problems.get(name) ?? null;
  const id = inputName(name);
  const describedBy = [problem === null ? '' : `${id}_wrong`, description === null ? '' : `${id}_about`];
  const described = describedBy.filter(Boolean).join(' ');
  return html`<label for="${id}">${label}</label>
    ${description === null ? null : html`<p class="soft small" id="${id}_about">${description}</p>`}
    <input
      id="${id}"
      name="${id}"
      type="${secret ? 'password' : 'text'}"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      maxlength="20000"
      required
      ${described ? html` aria-describedby="${described}"` : null}${problem === null ? null : html` aria-invalid="true"`}${isFirst ? html` autofocus` : null}${secret ? null : html` value="${told.typed.get(name) ?? ''}"`}
    />
    ${problem === null ? null : html`<p class="wrong" id="${id}_wrong">${problem}</p>`}`;
}
