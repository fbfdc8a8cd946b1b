/** A command that cannot go on: one sentence that says what to do. Exit code 2 is a misuse, 1 all else. */
export class Failure extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const misuse = (message: string): Failure => new Failure(message, 2);
