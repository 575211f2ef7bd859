// The door of the intake agent.

export { Intake, type IntakePosition, type TakenBatch, type TakenSignal } from "./intake.ts";
