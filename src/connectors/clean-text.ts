/*
 * Names and descriptions come from services and end in a model's context: whatever a person reviewing them
 * cannot see must not be there. `Cf` covers zero-width and bidirectional marks and the tag characters;
 * the rest are fillers and the supplementary variation selectors, which render as nothing.
 */
const invisible =
  /\u034F|[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u115F\u1160\u2028\u2029\u2800\u3164\uFFA0]|[\u{E0100}-\u{E01EF}]|\u17B4|\u17B5/gu;
const plain = /^[\x20-\x7E\n\t]*$/;

export type CleanedText = { text: string; hadInvisible: boolean };

/** `text` without control and invisible characters (line breaks and tabs stay), at most `cap` characters long. */
export function cleanText(text: string, cap: number): CleanedText {
  // Cut before the patterns run, so that a megabyte of description costs no more than a paragraph.
  const slack = text.length > cap * 4 ? text.slice(0, cap * 4) : text;
  if (plain.test(slack)) return { text: cut(slack.trim(), cap), hadInvisible: false };
  let hadInvisible = false;
  const cleaned = slack
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replace(invisible, (character) => {
      if (character === '\n' || character === '\t') return character;
      hadInvisible = true;
      return '';
    });
  return { text: cut(cleaned.trim(), cap), hadInvisible };
}

function cut(text: string, cap: number): string {
  return text.length <= cap
    ? text
    : `${text
        .slice(0, cap - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`;
}
