namespace Ostiary.Server.Tests.Programs;

/// <summary>Flows in the form that Chrome DevTools Recorder exports, with all its alternates, kept as they are.</summary>
internal static class Recordings
{
    public const string SearchAStay = """
        {
            "title": "Recording 3/2/2026 at 9:41:07 AM",
            "steps": [
                {
                    "type": "setViewport",
                    "width": 1081,
                    "height": 963,
                    "deviceScaleFactor": 1,
                    "isMobile": false,
                    "hasTouch": false,
                    "isLandscape": false
                },
                {
                    "type": "navigate",
                    "url": "chrome://new-tab-page/",
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "chrome://new-tab-page/",
                            "title": "New Tab"
                        }
                    ]
                },
                {
                    "type": "navigate",
                    "url": "http://miramar.example/",
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/",
                            "title": "Hotel Miramar"
                        }
                    ]
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/My bookings"
                        ],
                        [
                            "#nav-bookings"
                        ],
                        [
                            "xpath///*[@id=\"nav-bookings\"]"
                        ],
                        [
                            "pierce/#nav-bookings"
                        ],
                        [
                            "text/My bookings"
                        ]
                    ],
                    "offsetY": 9.4375,
                    "offsetX": 41,
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/bookings",
                            "title": "Bookings"
                        }
                    ]
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Destination"
                        ],
                        [
                            "[data-testid='destination']"
                        ],
                        [
                            "xpath///*[@data-testid=\"destination\"]"
                        ],
                        [
                            "pierce/[data-testid='destination']"
                        ]
                    ],
                    "offsetY": 12,
                    "offsetX": 72.5
                },
                {
                    "type": "change",
                    "value": "Lisbon & Sintra",
                    "selectors": [
                        [
                            "aria/Destination"
                        ],
                        [
                            "[data-testid='destination']"
                        ],
                        [
                            "xpath///*[@data-testid=\"destination\"]"
                        ],
                        [
                            "pierce/[data-testid='destination']"
                        ]
                    ],
                    "target": "main"
                },
                {
                    "type": "keyDown",
                    "target": "main",
                    "key": "Tab"
                },
                {
                    "type": "keyUp",
                    "key": "Tab",
                    "target": "main"
                },
                {
                    "type": "change",
                    "value": "7",
                    "selectors": [
                        [
                            "aria/Nights"
                        ],
                        [
                            "#nights"
                        ],
                        [
                            "xpath///*[@id=\"nights\"]"
                        ],
                        [
                            "pierce/#nights"
                        ]
                    ],
                    "target": "main"
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Flexible dates"
                        ],
                        [
                            "#flexible"
                        ],
                        [
                            "xpath///*[@id=\"flexible\"]"
                        ],
                        [
                            "pierce/#flexible"
                        ]
                    ],
                    "offsetY": 8,
                    "offsetX": 7.5
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Search",
                            "aria/[role=\"generic\"]"
                        ],
                        [
                            "button.primary > span"
                        ],
                        [
                            "xpath//html/body/form/button/span"
                        ],
                        [
                            "pierce/button.primary > span"
                        ],
                        [
                            "text/Search"
                        ]
                    ],
                    "offsetY": 8.4375,
                    "offsetX": 20.25,
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/results?q=Lisbon+%26+Sintra&nights=7&flexible=yes&from=&guests=1&wish=",
                            "title": "Results for Lisbon & Sintra"
                        }
                    ]
                }
            ]
        }
        """;

    public const string SignInThenVoucher = """
        {
            "title": "Use a voucher",
            "steps": [
                {
                    "type": "setViewport",
                    "width": 1280,
                    "height": 720,
                    "deviceScaleFactor": 1,
                    "isMobile": false,
                    "hasTouch": false,
                    "isLandscape": false
                },
                {
                    "type": "navigate",
                    "url": "http://miramar.example/login",
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/login",
                            "title": "Sign in"
                        }
                    ]
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Email"
                        ],
                        [
                            "#email"
                        ],
                        [
                            "xpath///*[@id=\"email\"]"
                        ],
                        [
                            "pierce/#email"
                        ]
                    ],
                    "offsetY": 17,
                    "offsetX": 74
                },
                {
                    "type": "change",
                    "value": "guest",
                    "selectors": [
                        [
                            "aria/Email"
                        ],
                        [
                            "#email"
                        ],
                        [
                            "xpath///*[@id=\"email\"]"
                        ],
                        [
                            "pierce/#email"
                        ]
                    ],
                    "target": "main"
                },
                {
                    "type": "change",
                    "value": "x",
                    "selectors": [
                        [
                            "aria/Password"
                        ],
                        [
                            "#password"
                        ],
                        [
                            "xpath///*[@id=\"password\"]"
                        ],
                        [
                            "pierce/#password"
                        ]
                    ],
                    "target": "main"
                },
                {
                    "type": "keyDown",
                    "target": "main",
                    "key": "Enter",
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/",
                            "title": "Hotel Miramar"
                        }
                    ]
                },
                {
                    "type": "keyUp",
                    "key": "Enter",
                    "target": "main"
                },
                {
                    "type": "navigate",
                    "url": "http://miramar.example/shadow",
                    "assertedEvents": [
                        {
                            "type": "navigation",
                            "url": "http://miramar.example/shadow",
                            "title": "Shadow"
                        }
                    ]
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Voucher"
                        ],
                        [
                            "#panel",
                            "x-field",
                            "#voucher"
                        ],
                        [
                            "pierce/#voucher"
                        ]
                    ],
                    "offsetY": 10,
                    "offsetX": 44.5
                },
                {
                    "type": "change",
                    "value": "MAR-77",
                    "selectors": [
                        [
                            "aria/Voucher"
                        ],
                        [
                            "#panel",
                            "x-field",
                            "#voucher"
                        ],
                        [
                            "pierce/#voucher"
                        ]
                    ],
                    "target": "main"
                },
                {
                    "type": "click",
                    "target": "main",
                    "selectors": [
                        [
                            "aria/Use voucher"
                        ],
                        [
                            "#panel",
                            "x-field",
                            "#use"
                        ],
                        [
                            "pierce/#use"
                        ],
                        [
                            "text/Use voucher"
                        ]
                    ],
                    "offsetY": 12,
                    "offsetX": 30,
                    "duration": 165
                }
            ]
        }
        """;
}
