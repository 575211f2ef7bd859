// The door of the reports agent.

export {
  checkReports,
  type MajorityReport,
  majorityReport,
  type ReportAbout,
} from "./majority-report.ts";
export { ReportBook } from "./report-book.ts";
