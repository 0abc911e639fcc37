/** What a kill switch may name. */
export const MEMBER_OR_ACTION = /^(global|cluster|member:[A-Za-z0-9][\w.-]*|action:[a-z][a-z-]*)$/;
