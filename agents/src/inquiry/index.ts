// The door of the inquiry agent.

export { InquiryDesk, type OpenedInquiry } from "./inquiry-desk.ts";
