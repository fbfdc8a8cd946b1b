import type { FlowStep, LinkView } from '../../connections/index.ts';
import { bodyProblem, Fault, invalid, notFound } from '../../kernel/index.ts';
import { Plaintext } from '../../vault/index.ts';
import { linkAddress, webAddress } from './address.ts';
import { isOwnForm } from './browser.ts';
import { statusOf } from './faults.ts';
import { accountMark, needsReplace } from './pages/confirm-form.ts';
import { inputName } from './pages/fields-form.ts';
import { linkPage, nothingTold, type Told } from './pages/link-page.ts';
import { leavingPage } from './pages/plain-pages.ts';
import { readForm } from './read-form.ts';
import { sendOn, sendPage } from './send.ts';
import { sendStep } from './send-step.ts';
import type { Parts, Visit } from './visit.ts';

type Form = ReadonlyMap<string, string>;

/** POST /connect/{token}: one form, one step. What is wrong with it is said on the page it came from. */
export async function takeStep(parts: Parts, visit: Visit, token: string): Promise<void> {
  const { request, response } = visit;
  if (!isOwnForm(request, parts.publicUrl)) {
    throw new Fault(
      'forbidden',
      `This form was not sent from ${parts.publicUrl.origin}, where the link is to be opened.`,
    );
  }
  const form = await readForm(request);
  const browser = parts.cookies.browser(request);
  if (browser === null) throw notFound();
  const view = await parts.flow.open(token, browser);
  parts.limit.take(token);
  const say = (now: LinkView, told: Told): void =>
    sendPage(response, linkPage(now, linkAddress(token), parts.clock.now(), told), []);
  try {
    switch (form.get('step')) {
      case 'fields':
        return sendStep(
          parts,
          visit,
          { token, browser },
          await giveFields(parts, token, browser, view, form),
        );
      case 'begin': {
        const { redirectTo } = await parts.flow.begin(token, browser);
        const address = webAddress(redirectTo);
        if (!address) throw new Fault('upstream', `${view.service} names no web page to sign in at.`);
        return sendPage(response, leavingPage(view.service, address), []);
      }
      case 'confirm': {
        const wrong = confirmProblem(view, form);
        // What waits for a yes is not what was shown, or nothing does any more: shown as it is now.
        if (wrong === 'stale') return sendOn(response, linkAddress(token), []);
        if (wrong !== null) return say(view, wrong);
        const yes = form.get('answer') === 'yes';
        return sendStep(parts, visit, { token, browser }, await parts.flow.confirm(token, browser, yes));
      }
      case undefined:
      default:
        throw new Fault('malformed', 'The form names no step.');
    }
  } catch (error) {
    const told = toldOf(error, view, form);
    if (told === null) throw error;
    say(await parts.flow.open(token, browser), told);
  }
}

/** Every field of the service that was filled in; nothing else may be in the form. */
async function giveFields(
  parts: Parts,
  token: string,
  browser: string,
  view: LinkView,
  form: Form,
): Promise<FlowStep> {
  const fields: Record<string, Plaintext> = {};
  for (const [input, value] of form) {
    if (input === 'step') continue;
    const field = view.fields.find(({ name }) => inputName(name) === input);
    if (!field) throw new Fault('malformed', 'The form has a field that this page does not.');
    if (/\p{Cc}/u.test(value)) throw invalid(bodyProblem('value_error', [field.name], unsendable));
    if (value !== '') fields[field.name] = new Plaintext(value);
  }
  return parts.flow.submitFields(token, browser, fields);
}

const unsendable = 'It has a line break or another character in it that nobody types. Copy it again.';

function confirmProblem(view: LinkView, form: Form): Told | 'stale' | null {
  const answer = form.get('answer');
  if (answer !== 'yes' && answer !== 'no')
    throw new Fault('malformed', 'The form has neither a yes nor a no.');
  if (view.step !== 'confirm' || form.get('account') !== accountMark(view)) return 'stale';
  if (answer === 'no' || !needsReplace(view) || form.get('replace') === 'yes') return null;
  const problem = 'Say that you want to replace the account, or answer no.';
  return { ...nothingTold, status: 422, problems: new Map([['replace', problem]]) };
}

/** What the page says of a failure that a person can do something about; null for the others. */
function toldOf(error: unknown, view: LinkView, form: Form): Told | null {
  if (!(error instanceof Fault) || !['invalid', 'upstream', 'conflict'].includes(error.kind)) return null;
  const problems = new Map<string, string>();
  const others: string[] = [];
  for (const { type, path, message } of error.problems) {
    const field = view.fields.find(({ name }) => path.includes(name));
    if (!field) others.push(message);
    else if (!problems.has(field.name))
      problems.set(field.name, type === 'missing' ? `${field.label} is needed.` : message);
  }
  if (error.problems.length === 0) others.push(error.message);
  const open = view.fields.filter(({ secret }) => !secret);
  const typed = new Map(open.map(({ name }) => [name, form.get(inputName(name)) ?? '']));
  return { ...nothingTold, status: statusOf(error), notice: others.join(' ') || null, problems, typed };
}
