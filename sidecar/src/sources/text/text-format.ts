// The shape of a declared text format: which programs print it and what its lines look like.
// Owns no format. A shape is a template anchored at both ends, so that nothing a stranger typed can
// pass for the beginning or the end of a line.

import type { EventKind } from "@ostraka/agents/kernel";
import { compileTemplate, type Template } from "./template.ts";

export interface LineShape {
  readonly kind: EventKind;
  readonly template: Template;
  /** The line says that there is no such account. */
  readonly isUnknown?: boolean;
  readonly isRoot?: boolean;
  readonly method?: string;
  readonly action?: string;
  /** Which part of the service prints it; parts report the same attempts (attempts.ts). */
  readonly layer?: string;
}

export interface TextFormat {
  /** Its name in a configuration, and the service of its events. */
  readonly name: string;
  /** Other names for it. */
  readonly aliases?: readonly string[];
  /** Syslog tags that print it; one that ends in `*` stands for all that begin so. */
  readonly programs?: readonly string[];
  /** Only under one of its own tags: its lines are too plain to be known by themselves. */
  readonly isTaggedOnly?: boolean;
  readonly lines: readonly LineShape[];
}

type Facts = Omit<LineShape, "kind" | "template">;

const shape =
  (kind: EventKind, fixed: Facts = {}) =>
  (template: string, facts: Facts = {}): LineShape => ({
    kind,
    template: compileTemplate(template),
    ...fixed,
    ...facts,
  });

/** A shape whose grammar a template cannot say. @param literal text that such a line must hold */
export function lineOf(
  kind: EventKind,
  literal: string,
  pattern: RegExp,
  facts: Facts = {},
): LineShape {
  return { kind, template: { pattern, literal }, ...facts };
}

/** A credential was refused. */
export const failed = shape("login-failed");
/** A credential was refused, and the line says that the account does not exist. */
export const failedUnknown = shape("login-failed", { isUnknown: true });
export const accepted = shape("login-succeeded");
/** Somebody came and left, or was sent away, before a credential. */
export const probed = shape("login-probed");
export const notice = shape("service-notice");
