// Where it is said which edition of rules and of lists is in force, and why another is not. Owns
// the shape alone: the process's log has it, and so has a list in a test.

export interface EditionLog {
  info(fields: object, text?: string): void;
  warn(fields: object, text: string): void;
}
