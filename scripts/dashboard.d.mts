export declare function bundleDashboard(): Promise<void>;
export declare function freshDashboard(): Promise<void>;
